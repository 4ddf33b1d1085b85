// ChatUI's parts are imported one by one, so that the others stay out of the script.
declare module "@chatui/core/es/components/Bubble" {
  export { Bubble } from "@chatui/core/lib/components/Bubble";
}
declare module "@chatui/core/es/components/Button" {
  export { Button } from "@chatui/core/lib/components/Button";
}
declare module "@chatui/core/es/components/Typing" {
  export { Typing } from "@chatui/core/lib/components/Typing";
}
declare module "*.css" {
  const text: string;
  export default text;
}
