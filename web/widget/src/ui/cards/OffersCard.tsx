/** Plans side by side: what each instalment costs at most and what all of it costs, as bars and as a table. */
import type { Card } from "../../wire.ts";
import { useWords } from "../context.ts";
import { Notes, numberOf, Table, yuan } from "./figures.tsx";

export function OffersCard({ card }: { card: Card }) {
  const words = useWords();
  const offers = ((card.data.offers ?? []) as Record<string, unknown>[]).map((offer, index) => ({
    name: card.rows[index]?.[1] ?? "",
    number: card.rows[index]?.[0] ?? String(index + 1),
    monthly: numberOf(offer.monthly),
    total: numberOf(offer.total),
  }));
  const measures = [
    { key: "monthly", label: words.monthly },
    { key: "total", label: words.total },
  ] as const;
  return (
    <>
      <ol className="kx-offers" role="list" tabIndex={0} aria-label={words.sideBySide(card.title)}>
        {offers.map((offer) => (
          <li key={offer.number}>
            <h4>
              <span>{offer.number}</span>
              {offer.name}
            </h4>
            {measures.map(({ key, label }) => {
              const most = Math.max(...offers.map((other) => other[key]), 1);
              return (
                <p key={key}>
                  <span>{label}</span>
                  <b>{yuan(offer[key])}元</b>
                  <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                    <rect className="kx-track" width="100" height="6" rx="3" />
                    <rect data-measure={key} width={(offer[key] / most) * 100} height="6" rx="3" />
                  </svg>
                </p>
              );
            })}
          </li>
        ))}
      </ol>
      <details>
        <summary>{words.table}</summary>
        <Table card={card} />
      </details>
      <Notes notes={card.notes} />
    </>
  );
}
