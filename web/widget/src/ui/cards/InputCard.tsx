/** A date, a day of the month or an amount within limits; what is picked is said like typed text, and the server checks it. */
import { useState, type FormEvent } from "react";
import { Button } from "@chatui/core/es/components/Button";
import type { Card } from "../../wire.ts";
import { useChat, useWords } from "../context.ts";
import { dateName } from "../format.ts";
import { Facts, Notes, numberOf, yuan } from "./figures.tsx";

const INPUTS = { date: DateInput, month_day: MonthDayInput, amount: AmountInput };

interface Props {
  card: Card;
  active: boolean;
}

export function InputCard({ card, active }: Props) {
  const Input = INPUTS[card.data.input as keyof typeof INPUTS];
  return (
    <>
      {Input ? <Input card={card} active={active} /> : <Facts facts={card.facts} />}
      <Notes notes={card.notes} />
    </>
  );
}

function DateInput({ card, active }: Props) {
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
  const limits = from && to ? words.between(dateName(from, words.locale), dateName(to, words.locale)) : "";
  return (
    <form className="kx-input" onSubmit={pick} noValidate>
      <label>
        <span>{card.title || words.pickDate}</span>
        <input type="date" min={from} max={to} value={day} disabled={!active} onChange={(event) => setDay(event.target.value)} />
      </label>
      <Button color="primary" disabled={!active || !allowed} type="submit">
        {words.confirm}
      </Button>
      <Limits outside={day !== "" && !allowed} limits={limits} />
    </form>
  );
}

function MonthDayInput({ card, active }: Props) {
  const chat = useChat();
  const words = useWords();
  const [from, to] = [numberOf(card.data.from), numberOf(card.data.to)];
  const [day, setDay] = useState(0);
  const days = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
  const pick = (event: FormEvent) => {
    event.preventDefault();
    if (day) chat.say(`改到每月${day}号`);
  };
  return (
    <form className="kx-input" onSubmit={pick} noValidate>
      <label>
        <span>{card.title || words.pickMonthDay}</span>
        <select value={day || ""} disabled={!active} onChange={(event) => setDay(Number(event.target.value))}>
          <option value="" disabled>
            {words.choose}
          </option>
          {days.map((number) => (
            <option key={number} value={number}>
              {words.monthDay(number)}
            </option>
          ))}
        </select>
      </label>
      <Button color="primary" disabled={!active || !day} type="submit">
        {words.confirm}
      </Button>
    </form>
  );
}

function AmountInput({ card, active }: Props) {
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
        <span>{card.title || words.pickAmount}</span>
        <input inputMode="decimal" autoComplete="off" value={text} disabled={!active} onChange={(event) => setText(event.target.value)} />
      </label>
      <Button color="primary" disabled={!active || !allowed} type="submit">
        {words.confirm}
      </Button>
      <Limits outside={text !== "" && !allowed} limits={most ? words.between(`${yuan(least)}元`, `${yuan(most)}元`) : ""} />
    </form>
  );
}

function Limits({ outside, limits }: { outside: boolean; limits: string }) {
  const words = useWords();
  return (
    <p className="kx-note" data-outside={outside}>
      {outside && `${words.outOfRange}  `}
      {limits}
    </p>
  );
}
