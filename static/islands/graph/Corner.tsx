// Zoom, fit and the map, in the lower right corner of every drawing.
import { MiniMap, useReactFlow, useStore } from "@xyflow/react";
import { Icon } from "./Icon";
import type { TeamNode } from "./Node";

export const ZOOM = { minZoom: 0.05, maxZoom: 2 };
export const FIT = { padding: 0.08, maxZoom: 1, minZoom: ZOOM.minZoom, duration: 200 };

export function Corner({ map = true }: { map?: boolean }) {
  const flow = useReactFlow();
  const zoom = useStore((state) => state.transform[2]);
  return (
    <div className="tg-corner">
      <div className="tg-zoom" role="group" aria-label="Zoom">
        <button
          type="button"
          title="Zoom out (−)"
          aria-label="Zoom out"
          onClick={() => void flow.zoomOut({ duration: 120 })}
        >
          <Icon name="minus" />
        </button>
        <span className="num" aria-live="off">
          {Math.round(zoom * 100)}%
        </span>
        <button
          type="button"
          title="Zoom in (+)"
          aria-label="Zoom in"
          onClick={() => void flow.zoomIn({ duration: 120 })}
        >
          <Icon name="plus" />
        </button>
        <i />
        <button type="button" title="Zoom to fit (1)" aria-label="Zoom to fit" onClick={() => void flow.fitView(FIT)}>
          <Icon name="maximize" />
        </button>
      </div>
      {map && (
        <MiniMap<TeamNode>
          className="tg-map"
          style={{ width: 150, height: 112 }}
          pannable
          zoomable
          ariaLabel="Map of the team"
          nodeBorderRadius={12}
          offsetScale={2}
          nodeClassName={mapClass}
        />
      )}
    </div>
  );
}

function mapClass(node: TeamNode): string {
  if (node.type !== "team") return "tg-map-node is-note";
  const { text, state } = node.data;
  return `tg-map-node is-${text.kind.group}${state ? ` is-${state.status}` : ""}${node.selected ? " is-selected" : ""}`;
}
