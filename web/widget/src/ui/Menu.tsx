/** Copy, print, language, lock, end: a disclosure with plain buttons, closed by Escape or by looking elsewhere. */
import { useRef, useState, type FocusEvent } from "react";
import { useWords } from "./context.ts";
import { Icon } from "./Icon.tsx";

export function Menu({ items }: { items: { label: string; lang?: string; run: () => void }[] }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const left = (event: FocusEvent) => {
    if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOpen(false);
  };
  return (
    <div
      className="kx-menu"
      onBlur={left}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !open) return;
        event.stopPropagation();
        setOpen(false);
        opener.current?.focus();
      }}
    >
      <button type="button" ref={opener} aria-label={words.menu} aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="menu" />
      </button>
      {open && (
        <ul>
          {items.map(({ label, lang, run }) => (
            <li key={label}>
              <button
                type="button"
                lang={lang}
                onClick={() => {
                  setOpen(false);
                  opener.current?.focus();
                  run();
                }}
              >
                {label}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
