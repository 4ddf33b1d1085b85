/** Prints the conversation alone; the page around it stays off the paper (print.css). */
export function printConversation(): void {
  const host = document.querySelector("kuanxin-chat");
  host?.setAttribute("data-printing", "");
  window.print();
  host?.removeAttribute("data-printing");
}
