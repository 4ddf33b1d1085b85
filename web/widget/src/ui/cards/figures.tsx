/** Parts that several cards are made of: facts, a table, an amount. */
import type { Card } from "../../wire.ts";
import { useWords } from "../context.ts";

export function Facts({ facts }: { facts: [string, string][] }) {
  if (facts.length === 0) return null;
  return (
    <dl className="kx-facts">
      {facts.map(([label, value], index) => (
        <div key={index} data-part={label.startsWith("其中")}>
          <dt>{label}</dt>
          <dd dir="auto">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

export function Table({ card }: { card: Card }) {
  const words = useWords();
  if (card.rows.length === 0) return null;
  return (
    <div className="kx-table" role="region" tabIndex={0} aria-label={words.rowsOf(card.title)}>
      <table>
        <thead>
          <tr>
            {card.columns.map((column, index) => (
              <th key={index} scope="col">
                {column || "#"}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {card.rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) =>
                column === 0 ? (
                  <th key={column} scope="row">
                    {cell}
                  </th>
                ) : (
                  <td key={column}>{cell}</td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Notes({ notes }: { notes: string[] }) {
  return (
    <>
      {notes.map((note, index) => (
        <p className="kx-note" key={index} dir="auto">
          {note}
        </p>
      ))}
    </>
  );
}

/** 91378 as "913.78": integer arithmetic, as on the server. */
export function yuan(fen: number): string {
  const size = Math.abs(fen);
  return `${fen < 0 ? "-" : ""}${Math.trunc(size / 100)}.${String(size % 100).padStart(2, "0")}`;
}

export const numberOf = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);
