// Runs before the first paint: a theme chosen by hand must not flash the other one.
try {
  const theme = localStorage.getItem('bw-theme');
  if (theme === 'dark' || theme === 'light') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the system's theme it is.
}
