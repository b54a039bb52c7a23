import type { ReactNode } from 'react';

export const Mark = (): ReactNode => <img className="mark" src="/weir.svg" alt="" width="24" height="24" />;
