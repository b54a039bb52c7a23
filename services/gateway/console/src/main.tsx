import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { takeKeyFromLink } from './session';
import './styles.css';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no root');
takeKeyFromLink();
// The link may also be pasted into a tab that is open already.
addEventListener('hashchange', () => { if (takeKeyFromLink()) location.reload(); });
createRoot(root).render(<StrictMode><App /></StrictMode>);
