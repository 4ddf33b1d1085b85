/** What is due, how long it has been due, and what it is made of. */
import type { Card } from "../../wire.ts";
import { useWords } from "../context.ts";
import { Facts, Notes, numberOf, yuan } from "./figures.tsx";

const PARTS = ["principal", "interest", "penalty", "fees"] as const;

export function LoanCard({ card }: { card: Card }) {
  const words = useWords();
  const due = numberOf(card.data.due);
  const days = numberOf(card.data.days_past_due);
  const amounts = (card.data.parts ?? {}) as Record<string, unknown>;
  const parts = PARTS.map((name) => ({ name, fen: numberOf(amounts[name]) })).filter((part) => part.fen > 0);
  if (!("due" in card.data)) return <><Facts facts={card.facts} /><Notes notes={card.notes} /></>;
  const shown = due > 0 ? card.facts.filter(([label]) => label !== "现在应还" && !label.startsWith("其中")) : card.facts;
  return (
    <>
      <div className="kx-headline">
        {due > 0 && (
          <p>
            <span>{words.dueNow}</span>
            <strong>{yuan(due)}<small>元</small></strong>
          </p>
        )}
        <span className="kx-badge" data-late={days > 0}>
          {days > 0 ? words.overdue(days) : words.notOverdue}
        </span>
      </div>
      {due > 0 && parts.length > 0 && (
        <div className="kx-parts">
          <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            {parts.map((part, index) => {
              const before = parts.slice(0, index).reduce((sum, other) => sum + other.fen, 0);
              return <rect key={part.name} data-part={part.name} x={(before / due) * 100} width={(part.fen / due) * 100} height="6" />;
            })}
          </svg>
          <ul>
            {parts.map((part) => (
              <li key={part.name}>
                <i data-part={part.name} />
                {words.parts[part.name]} <b>{yuan(part.fen)}元</b>
              </li>
            ))}
          </ul>
        </div>
      )}
      <Facts facts={shown} />
      <Notes notes={card.notes} />
    </>
  );
}
