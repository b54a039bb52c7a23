import { useEffect, useState, type ReactNode } from 'react';

type Theme = 'system' | 'light' | 'dark';
const following: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const signs: Readonly<Record<Theme, string>> = { system: '◐', light: '○', dark: '●' };

function stored(): Theme {
  const value = localStorage.getItem('weir.theme');
  return value === 'light' || value === 'dark' ? value : 'system';
}

export function ThemeButton(): ReactNode {
  const [theme, setTheme] = useState(stored);
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme;
    localStorage.setItem('weir.theme', theme);
  }, [theme]);
  return <button type="button" className="quiet" onClick={() => setTheme(following[theme])} aria-label={`Colours: ${theme}. Change to ${following[theme]}.`} title={`Colours: ${theme}`}>{signs[theme]}</button>;
}
