/** What was agreed, what comes next, and two things to keep: a confirmation and dates for the phone's calendar. */
import { useState } from "react";
import { Button } from "@chatui/core/es/components/Button";
import type { Card } from "../../wire.ts";
import { useChat, useWords } from "../context.ts";
import { Icon } from "../Icon.tsx";
import { Facts, Notes, Table } from "./figures.tsx";

export function ArrangementCard({ card }: { card: Card }) {
  const words = useWords();
  const upcoming = card.facts.find(([label]) => label === "下一次");
  const arrangement = typeof card.data.arrangement === "string" ? card.data.arrangement : null;
  return (
    <>
      {upcoming && (
        <div className="kx-headline">
          <p>
            <span>{words.next}</span>
            <strong>{upcoming[1]}</strong>
          </p>
        </div>
      )}
      <Facts facts={card.facts.filter((fact) => fact !== upcoming)} />
      <Table card={card} />
      <Notes notes={card.notes} />
      {arrangement && <Keep arrangement={arrangement} />}
    </>
  );
}

function Keep({ arrangement }: { arrangement: string }) {
  const chat = useChat();
  const words = useWords();
  const [state, setState] = useState<"idle" | "busy" | "failed">("idle");
  const get = async (kind: "pdf" | "ics") => {
    setState("busy");
    try {
      save(await chat.document(arrangement, kind), `kuanxin-${arrangement}.${kind}`);
      setState("idle");
    } catch {
      setState("failed");
    }
  };
  return (
    <div className="kx-keep">
      <Button onClick={() => void get("pdf")}>
        <Icon name="file" />
        {words.pdf}
      </Button>
      <Button onClick={() => void get("ics")}>
        <Icon name="calendar" />
        {words.calendar}
      </Button>
      {state !== "idle" && <p className="kx-note">{state === "busy" ? words.downloading : words.downloadFailed}</p>}
    </div>
  );
}

function save(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
