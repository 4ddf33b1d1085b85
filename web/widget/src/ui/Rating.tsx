/** How it was, at the end: a score and a word if wanted; nothing is asked for twice. */
import { useState } from "react";
import { Button } from "@chatui/core/es/components/Button";
import { useChat, useWords } from "./context.ts";
import { Icon } from "./Icon.tsx";

export function Rating({ onBack }: { onBack: () => void }) {
  const chat = useChat();
  const words = useWords();
  const [score, setScore] = useState(0);
  const [said, setSaid] = useState("");
  const [state, setState] = useState<"open" | "sent" | "failed">("open");
  const send = async () => setState((await chat.rate(score, said.trim())) ? "sent" : "failed");
  return (
    <section className="kx-screen" aria-labelledby="kx-rate">
      <h3 id="kx-rate">{state === "sent" ? words.rateThanks : words.rateTitle}</h3>
      {state !== "sent" && (
        <>
          <div className="kx-stars" role="radiogroup" aria-labelledby="kx-rate">
            {[1, 2, 3, 4, 5].map((value) => (
              <label key={value} data-on={value <= score}>
                <input type="radio" name="kx-score" className="kx-hidden" checked={value === score} onChange={() => setScore(value)} aria-label={words.rate(value)} />
                <Icon name="star" filled={value <= score} />
              </label>
            ))}
          </div>
          <textarea aria-label={words.rateWords} placeholder={words.rateWords} rows={3} maxLength={500} value={said} onChange={(event) => setSaid(event.target.value)} />
          {state === "failed" && <p className="kx-note">{words.refusals.unavailable}</p>}
          <Button color="primary" disabled={!score} onClick={() => void send()}>
            {words.rateSend}
          </Button>
        </>
      )}
      <Button variant="text" onClick={onBack}>
        {words.back}
      </Button>
    </section>
  );
}
