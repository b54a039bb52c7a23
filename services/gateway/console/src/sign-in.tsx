import { useState, type FormEvent, type ReactNode } from 'react';
import { ApiClient, ApiError } from './api/client';
import { Mark } from './parts/mark';

export function SignIn({ onKey }: { onKey: (key: string) => void }): ReactNode {
  const [complaint, setComplaint] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function check(event: FormEvent<HTMLFormElement>): Promise<void> {
    event.preventDefault();
    const key = String(new FormData(event.currentTarget).get('key') ?? '').trim();
    if (key === '') return setComplaint('Paste an API key.');
    setBusy(true);
    try {
      await new ApiClient(key).who();
      onKey(key);
    } catch (error) {
      setComplaint(error instanceof ApiError ? sentence(error) : 'The gateway cannot be reached.');
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <form onSubmit={(event) => void check(event)}>
        <h1><Mark /> Weir</h1>
        <label htmlFor="key">API key</label>
        <input id="key" name="key" type="password" autoComplete="off" spellCheck={false} autoFocus aria-invalid={complaint !== undefined} aria-describedby="key-note" />
        <p id="key-note" className="note" role={complaint === undefined ? undefined : 'alert'}>{complaint ?? 'It needs the role “read”, and stays in this tab only. A key is made with “weir keys create”.'}</p>
        <button type="submit" className="primary" disabled={busy}>Sign in</button>
      </form>
    </main>
  );
}

function sentence(error: ApiError): string {
  if (error.status === 401) return 'This key is not known.';
  if (error.status === 403) return 'This key may not read. It needs the role “read”.';
  return error.message;
}
