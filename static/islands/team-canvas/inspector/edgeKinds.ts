// What each kind of connection is, in words: for the inspector, and where one is to be chosen.
import type { Carries, EdgeKind } from "../../graph/types";

interface EdgeWords {
  title: string;
  icon: string;
  says: string;
  carries: Partial<Record<Carries, string>>; // what may go along; none: it is not a choice
}

export const EDGE_KINDS: Record<EdgeKind, EdgeWords> = {
  flow: {
    title: "Flow",
    icon: "arrow-right",
    says: "The next step, once this one is done.",
    carries: { output: "The output, whole", nothing: "Nothing: only the order" },
  },
  error: {
    title: "On error",
    icon: "zap",
    says: "Taken when the node fails after its retries, instead of failing the run.",
    carries: { output: "What the failed node had been given", nothing: "Nothing: only that it failed" },
  },
  delegates: {
    title: "Delegates",
    icon: "network",
    says: "Offers the worker as a tool; several asked in one turn run at once. It knows the task it is given, no more.",
    carries: {},
  },
  handoff: {
    title: "Handoff",
    icon: "arrow-left-right",
    says: "Either may pass the whole job to the other; exactly one of them is active.",
    carries: {
      output: "The job and a message",
      conversation: "The job, a message, and all that was said",
      nothing: "The message alone",
    },
  },
};

export const CARRIES: Carries[] = ["output", "conversation", "nothing"];
