/** Where the borrower types. Enter sends, also on Chinese keyboards: not while characters are being composed. */
import { forwardRef, useImperativeHandle, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "@chatui/core/es/components/Button";
import { useChat, useWords } from "./context.ts";
import { Icon } from "./Icon.tsx";

const MOST_CHARACTERS = 2000; // the server's limit (kuanxin/channels/inbound.py)
const MOST_HEIGHT = 120;

export const Composer = forwardRef<{ focus: () => void }, { disabled: boolean }>(function Composer({ disabled }, ref) {
  const chat = useChat();
  const words = useWords();
  const [text, setText] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  const over = [...text].length - MOST_CHARACTERS;
  useImperativeHandle(ref, () => ({ focus: () => area.current?.focus({ preventScroll: true }) }));
  useLayoutEffect(() => {
    const element = area.current!;
    element.style.height = "auto";
    element.style.height = `${Math.min(element.scrollHeight, MOST_HEIGHT)}px`;
  }, [text]);

  const send = () => {
    if (!text.trim() || over > 0 || disabled) return;
    chat.say(text.trim());
    setText("");
    area.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  return (
    <form
      className="kx-composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      {over > 0 && (
        <p className="kx-note" id="kx-over">
          {words.tooLong(over)}
        </p>
      )}
      <textarea
        ref={area}
        rows={1}
        value={text}
        disabled={disabled}
        aria-label={words.write}
        aria-invalid={over > 0}
        aria-describedby={over > 0 ? "kx-over" : undefined}
        placeholder={words.placeholder}
        autoComplete="off"
        enterKeyHint="send"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <Button color="primary" type="submit" aria-label={words.send} disabled={disabled || !text.trim() || over > 0}>
        <Icon name="send" filled />
      </Button>
    </form>
  );
});
