import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';

const spareBytes = 64 << 10;

/** A file system of its own in memory, that can be made full and roomy again. Linux, as root. */
export class SmallDisk {
  private constructor(readonly path: string, private readonly size: string) {}

  /** Undefined where none can be mounted. @param size as mount takes it, e.g. `2g`; memory is taken by what lies there alone. */
  static mount(path: string, size: string): SmallDisk | undefined {
    try {
      mkdirSync(path, { recursive: true });
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' });
      const disk = new SmallDisk(path, size);
      process.once('exit', () => disk.unmount());
      return disk;
    } catch {
      return undefined;
    }
  }

  /** No room for more than what is there. */
  fill(): void {
    const { blocks, bfree, bsize } = statfsSync(this.path);
    this.remount(String((blocks - bfree) * bsize + spareBytes));
  }

  free(): void { this.remount(this.size); }
  unmount(): void { try { execFileSync('umount', ['-l', this.path], { stdio: 'ignore' }); } catch { /* it goes with the machine */ } }

  private remount(size: string): void { execFileSync('mount', ['-o', `remount,size=${size}`, this.path], { stdio: 'ignore' }); }
}
