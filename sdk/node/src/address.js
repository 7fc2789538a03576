import { tmpdir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";

import { OpenError } from "./errors.js";

const LABEL = /^[a-z][a-z0-9-]{0,31}(\.[a-z0-9][a-z0-9-]{0,31})?$/;

/** The server and the channel that `arena/render.main` names: a server's channels begin with its name. */
export function split(channel) {
  const slash = channel.indexOf("/") + 1;
  const name = channel.slice(slash);
  return { at: channel.slice(0, slash) + name.split(".", 1)[0], name };
}

/** What gRPC dials for a name such as `render` or `arena/render`, or an address such as `unix:/tmp/render.sock`. */
export function dialTarget(at, environment = process.env) {
  const place = at.includes(":") ? at : byName(at, environment);
  if (place.startsWith("http://")) return place.slice("http://".length).replace(/\/+$/, "");
  if (place.startsWith("unix:")) return `unix://${resolve(place.slice("unix:".length).replace(/^\/\/(?=\/)/, ""))}`;
  throw new OpenError(`expected unix: or http: before a place, found ${JSON.stringify(place)}`);
}

function byName(name, environment) {
  const parts = name.split("/");
  if (parts.length === 1) parts.unshift(environment.NEARCALL_WORLD || "default");
  const [world, service] = parts;
  if (parts.length !== 2 || !parts.every((part) => LABEL.test(part)))
    throw new OpenError(`expected a name such as render or arena/render, found ${JSON.stringify(name)}`);
  const variable = `NEARCALL_ADDRESS_${service.replace(/[-.]/g, "_").toUpperCase()}`;
  return environment[variable] || `unix:${join(runtimeFolder(environment), world, service)}.sock`;
}

function runtimeFolder(environment) {
  const folder = environment.XDG_RUNTIME_DIR ?? "";
  return isAbsolute(folder) ? join(folder, "nearcall") : join(tmpdir(), `nearcall-${process.geteuid()}`);
}
