import { useId, type ReactNode } from 'react';

export function Panel({ title, note, end, wide, children }: { title: string; note?: string | undefined; end?: ReactNode; wide?: boolean; children: ReactNode }): ReactNode {
  const id = useId();
  return (
    <section className={wide === true ? 'panel wide' : 'panel'} aria-labelledby={id}>
      <div className="panel-head"><h2 id={id}>{title}</h2>{note !== undefined && <span className="note">{note}</span>}{end !== undefined && <span className="panel-end">{end}</span>}</div>
      {children}
    </section>
  );
}
