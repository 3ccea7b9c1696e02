/** The catalogue as a list to choose from: size, licence, measured speed. Pure. */
import type { Model, Models } from "../protocol";

export interface Choice {
  readonly model: Model;
  readonly label: string;
  readonly description: string;
  readonly detail: string;
}

/** One entry for each model, in the catalogue's order. */
export function choicesOf({ models }: Models): Choice[] {
  return models.map((model) => ({
    model,
    label: `${model.current ? "$(check) " : ""}${model.name}`,
    description: [size(model.sizeBytes ?? undefined), model.licence].filter(Boolean).join(" · "),
    detail: [
      model.title,
      model.installed ? "on this machine" : "to be downloaded",
      speedOf(model),
      model.default ? "default" : "",
    ]
      .filter(Boolean)
      .join(" · "),
  }));
}

/** Bytes in decimal units, as download pages give them; "" where nobody knows. */
export function size(bytes: number | undefined): string {
  if (bytes === undefined) {
    return "";
  }
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function speedOf({ speed }: Model): string {
  return speed ? `${speed.decodeTokensPerS.toFixed(0)} tokens/s on this ${speed.device === "cpu" ? "CPU" : speed.device}` : "speed not measured yet";
}
