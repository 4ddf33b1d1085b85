// Builds dist/kuanxin.js, or with --tests the unit tests into build/tests. ChatUI's stylesheet goes into the shadow root:
// its web fonts are dropped (no request leaves the bank's page and the chat server), and :root becomes :host.
import { build } from "esbuild";
import { gzipSync } from "node:zlib";
import { readFileSync, readdirSync } from "node:fs";

const stylesheets = {
  name: "stylesheets-of-the-shadow-root",
  setup(builder) {
    builder.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const minified = await build({ entryPoints: [path], minify: true, write: false, bundle: false });
      const text = minified.outputFiles[0].text
        .replace(/@font-face\{[^}]*\}/g, "")
        .replace(/:root\b/g, ":host")
        .replace(/(^|[},])(html|body)(?=[\s,.{[:])/g, "$1:host");
      if (/url\(["']?(https?:)?\/\//.test(text)) throw new Error(`${path} asks another host for something`);
      return { contents: text, loader: "text" };
    });
  },
};

const shared = {
  bundle: true,
  target: "es2020",
  jsx: "automatic",
  logLevel: "warning",
  plugins: [stylesheets],
};

if (process.argv.includes("--tests")) {
  const tests = readdirSync("test").filter((name) => name.endsWith(".test.ts")).map((name) => `test/${name}`);
  await build({ ...shared, entryPoints: tests, outdir: "build/tests", platform: "node", format: "esm", outExtension: { ".js": ".mjs" } });
} else {
  await build({
    ...shared,
    entryPoints: { kuanxin: "src/index.tsx" },
    outdir: "dist",
    format: "iife",
    minify: true,
    legalComments: "linked",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const size = gzipSync(readFileSync("dist/kuanxin.js"), { level: 9 }).length;
  console.log(`dist/kuanxin.js: ${(size / 1000).toFixed(1)} kB gzipped`);
  if (size > 200_000) throw new Error("the widget is larger than 200 kB gzipped");
}
