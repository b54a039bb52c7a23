import { useEffect, useState } from 'react';
import { complaintOf } from '../api/client';

/** What a page loads when it is opened, and again every so often. */
export function useLoaded<T>(load: () => Promise<T>, everyMs: number): { readonly value: T | undefined; readonly complaint: string | undefined } {
  const [value, setValue] = useState<T>();
  const [complaint, setComplaint] = useState<string>();
  useEffect(() => {
    let here = true;
    const once = (): void => {
      load().then((loaded) => { if (here) { setValue(loaded); setComplaint(undefined); } }, (error: unknown) => { if (here) setComplaint(complaintOf(error)); });
    };
    once();
    const timer = setInterval(once, everyMs);
    return () => { here = false; clearInterval(timer); };
  }, [load, everyMs]);
  return { value, complaint };
}
