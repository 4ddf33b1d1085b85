/** A date or an amount within limits; what is picked is said like typed text, and the server checks it again. */
import { useState, type FormEvent } from "react";
import { Button } from "@chatui/core/es/components/Button";
import type { Card } from "../../wire.ts";
import { useChat, useWords } from "../context.ts";
import { Facts, Notes, numberOf, yuan } from "./figures.tsx";

export function InputCard({ card, active }: { card: Card; active: boolean }) {
  return (
    <>
      <Facts facts={card.facts} />
      {card.data.input === "date" && <DateInput card={card} active={active} />}
      {card.data.input === "amount" && <AmountInput card={card} active={active} />}
      <Notes notes={card.notes} />
    </>
  );
}

function DateInput({ card, active }: { card: Card; active: boolean }) {
  const chat = useChat();
  const words = useWords();
  const [from, to] = [String(card.data.from ?? ""), String(card.data.to ?? "")];
  const [day, setDay] = useState("");
  const allowed = day !== "" && (!from || day >= from) && (!to || day <= to);
  const pick = (event: FormEvent) => {
    event.preventDefault();
    const [year, month, date] = day.split("-").map(Number);
    if (allowed) chat.say(`${year}年${month}月${date}日`);
  };
  return (
    <form className="kx-input" onSubmit={pick} noValidate>
      <label>
        <span>{words.pickDate}</span>
        <input type="date" min={from} max={to} value={day} disabled={!active} onChange={(event) => setDay(event.target.value)} />
      </label>
      <Button color="primary" disabled={!active || !allowed} type="submit">
        {words.confirm}
      </Button>
      <p className="kx-note">{day && !allowed ? words.outOfRange : from && to ? words.between(from, to) : ""}</p>
    </form>
  );
}

function AmountInput({ card, active }: { card: Card; active: boolean }) {
  const chat = useChat();
  const words = useWords();
  const [least, most] = [numberOf(card.data.least), numberOf(card.data.most)];
  const [text, setText] = useState("");
  const typed = /^\d{1,7}(\.\d{1,2})?$/.exec(text.trim());
  const fen = typed ? Math.round(Number(text) * 100) : 0;
  const allowed = fen > 0 && fen >= least && (!most || fen <= most);
  const pick = (event: FormEvent) => {
    event.preventDefault();
    if (allowed) chat.say(`${yuan(fen)}元`);
  };
  return (
    <form className="kx-input" onSubmit={pick} noValidate>
      <label>
        <span>{words.pickAmount}</span>
        <input inputMode="decimal" autoComplete="off" value={text} disabled={!active} onChange={(event) => setText(event.target.value)} />
      </label>
      <Button color="primary" disabled={!active || !allowed} type="submit">
        {words.confirm}
      </Button>
      <p className="kx-note">
        {text && !allowed ? words.outOfRange : most ? words.between(`${yuan(least)}元`, `${yuan(most)}元`) : ""}
      </p>
    </form>
  );
}
