import { readFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const CONFIGURATION = new URL("../../../tauri.conf.json", import.meta.url);

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

export interface Served {
  url: string;
  close: () => Promise<void>;
}

/** Serves a built folder on loopback under the policy of the app. */
export async function serve(folder: string): Promise<Served> {
  const policy = header(await contentSecurityPolicy());
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    void answer(join(folder, path), policy, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => closed(server) };
}

/** The policy that the app's windows run under, by its directives. */
export async function contentSecurityPolicy(): Promise<Record<string, string>> {
  const { app } = JSON.parse(await readFile(CONFIGURATION, "utf8")) as {
    app: { security: { csp: Record<string, string> } };
  };
  return app.security.csp;
}

function header(policy: Record<string, string>): string {
  return Object.entries(policy)
    .map(([directive, sources]) => `${directive} ${sources}`)
    .join("; ");
}

async function answer(file: string, policy: string, response: ServerResponse): Promise<void> {
  if (file.endsWith("favicon.ico")) {
    response.writeHead(204).end();
    return;
  }
  try {
    const body = await readFile(file);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
    });
    response.end(body);
  } catch {
    response.writeHead(404).end();
  }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
  });
}
