/** Runs `lock` when nothing was touched for some minutes; also when the page comes back after that long in the background. */
export function lockWhenIdle(minutes: number, lock: () => void): void {
  let last = Date.now();
  const limit = minutes * 60_000;
  const touched = () => (last = Date.now());
  for (const kind of ["pointerdown", "keydown", "wheel", "touchstart"]) {
    document.addEventListener(kind, touched, { passive: true, capture: true });
  }
  const check = () => {
    if (Date.now() - last < limit) return;
    touched();
    lock();
  };
  setInterval(check, Math.min(15_000, limit / 4));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && check());
}
