import { createContext, useContext } from "react";
import type { Chat } from "../chat.ts";
import { WORDS, type Words } from "../words.ts";

interface Surroundings {
  chat: Chat;
  words: Words;
}

export const Around = createContext<Surroundings>({ chat: null as unknown as Chat, words: WORDS["zh-CN"] });
export const useWords = (): Words => useContext(Around).words;
export const useChat = (): Chat => useContext(Around).chat;
