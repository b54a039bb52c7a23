import { readViewRecords, viewRecordsKey, type ViewRecord } from '@weir/feature-store';
import type { OnlineStore } from '@weir/ports';

/** What the stored state of a lane remembers of its views. */
export async function storedViewRecords(online: OnlineStore, lane: number): Promise<readonly ViewRecord[]> {
  const [bytes] = await online.read(lane, [viewRecordsKey]);
  return bytes === undefined ? [] : readViewRecords(bytes);
}
