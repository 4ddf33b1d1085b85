/** The few icons that the chat needs, drawn here: nothing is fetched from an icon server. */
const PATHS = {
  chat: "M4 4h16a2 2 0 0 1 2 2v10a2 2 0 0 1-2 2H9l-5 4v-4a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z",
  down: "M12 5v14M5 12l7 7 7-7",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M3 11.5 21 3l-6.5 18-3.5-7.5L3 11.5Z",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  lock: "M6 11h12v10H6zM8 11V8a4 4 0 0 1 8 0v3",
  file: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  calendar: "M4 6h16v15H4zM4 10h16M8 3v5M16 3v5",
  star: "m12 3 2.8 5.8 6.2.9-4.5 4.4 1 6.3-5.5-3-5.5 3 1-6.3L3 9.7l6.2-.9Z",
} as const;

export function Icon({ name, filled = false }: { name: keyof typeof PATHS; filled?: boolean }) {
  return (
    <svg className="kx-icon" viewBox="0 0 24 24" aria-hidden="true" data-filled={filled}>
      <path d={PATHS[name]} />
    </svg>
  );
}
