/** One card of a reply, drawn by its kind; an unknown kind is still readable: facts, table, notes. */
import type { ReactNode } from "react";
import type { Card } from "../../wire.ts";
import { useWords } from "../context.ts";
import { ArrangementCard } from "./ArrangementCard.tsx";
import { Facts, Notes, Table } from "./figures.tsx";
import { InputCard } from "./InputCard.tsx";
import { LoanCard } from "./LoanCard.tsx";
import { OffersCard } from "./OffersCard.tsx";

export function CardView({ card, active }: { card: Card; active: boolean }) {
  return (
    <section className="kx-card" data-kind={card.kind} aria-label={card.title || undefined}>
      {card.title && card.kind !== "input" && <h3>{card.title}</h3>}
      {body(card, active)}
    </section>
  );
}

function body(card: Card, active: boolean): ReactNode {
  switch (card.kind) {
    case "loan":
      return <LoanCard card={card} />;
    case "offers":
      return <OffersCard card={card} />;
    case "consent":
      return <ConsentCard card={card} />;
    case "arrangement":
      return <ArrangementCard card={card} />;
    case "input":
      return <InputCard card={card} active={active} />;
    case "payment_methods":
      return <MethodsCard card={card} />;
    case "sign_in":
      return <SignInCard card={card} />;
    default:
      return (
        <>
          <Facts facts={card.facts} />
          <Table card={card} />
          <Notes notes={card.notes} />
        </>
      );
  }
}

function ConsentCard({ card }: { card: Card }) {
  const words = useWords();
  const hash = typeof card.data.hash === "string" ? card.data.hash : "";
  return (
    <>
      <Facts facts={card.facts} />
      <Table card={card} />
      <Notes notes={card.notes} />
      {hash && (
        <p className="kx-note">
          {words.code} <code>{hash.slice(0, 12)}</code>
        </p>
      )}
    </>
  );
}

function MethodsCard({ card }: { card: Card }) {
  return (
    <>
      <ul className="kx-methods">
        {card.facts.map(([name, how], index) => (
          <li key={index}>
            <strong>{name}</strong>
            <span dir="auto">{how}</span>
          </li>
        ))}
      </ul>
      <Notes notes={card.notes} />
    </>
  );
}

function SignInCard({ card }: { card: Card }) {
  const words = useWords();
  const url = String(card.data.url ?? "");
  if (!/^https?:\/\//.test(url)) return <Notes notes={card.notes} />;
  return (
    <a className="Btn Btn--primary kx-link" href={url} target="_blank" rel="noopener noreferrer">
      {card.title}
      <span className="kx-hidden">{words.opensNew}</span>
    </a>
  );
}
