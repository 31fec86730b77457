// Content by digest. It never changes, so it is fetched once.
import { createContext, useContext, useEffect, useState } from "react";

export type Loaded = { value: unknown } | { problem: string } | null;

export class Contents {
  private known = new Map<string, Promise<Loaded>>();
  private ready = new Map<string, Loaded>();

  constructor(private url: string) {}

  at(digest: string): Loaded {
    return this.ready.get(digest) ?? null;
  }

  load(digest: string): Promise<Loaded> {
    let found = this.known.get(digest);
    if (!found) {
      found = this.fetch(digest).then((loaded) => {
        if (loaded && "value" in loaded) this.ready.set(digest, loaded);
        else this.known.delete(digest);
        return loaded;
      });
      this.known.set(digest, found);
    }
    return found;
  }

  private async fetch(digest: string): Promise<Loaded> {
    try {
      const answer = await fetch(`${this.url}${digest}/`, { headers: { Accept: "application/json" } });
      if (answer.status === 404) return { problem: "This content is no longer stored." };
      if (!answer.ok || answer.redirected) return { problem: "This content could not be loaded. Reload the page." };
      return { value: await answer.json() };
    } catch {
      return { problem: "The server did not answer. Select it again to try once more." };
    }
  }
}

export const ContentsContext = createContext(new Contents(""));

/** The content of a digest; null while it is on its way. An empty digest has none. */
export function useContent(digest: string): Loaded {
  const contents = useContext(ContentsContext);
  const [, setLoads] = useState(0);
  const [failed, setFailed] = useState<{ digest: string; loaded: Loaded } | null>(null);
  const here = digest ? contents.at(digest) : null;
  useEffect(() => {
    if (!digest || contents.at(digest)) return;
    let wanted = true;
    void contents.load(digest).then((loaded) => {
      if (!wanted) return;
      if (loaded && "problem" in loaded) setFailed({ digest, loaded });
      setLoads((count) => count + 1);
    });
    return () => {
      wanted = false;
    };
  }, [contents, digest]);
  return here ?? (failed?.digest === digest ? failed.loaded : null);
}
