// Lends the drawing to the editor's commands: where its middle is, and moving it to what matters.
import { useReactFlow } from "@xyflow/react";
import { useEffect, type RefObject } from "react";
import { FIT } from "../../graph/Corner";
import { useEditor } from "../store/hooks";

const MARGIN = 40;

export function useView(frame: RefObject<HTMLDivElement | null>): void {
  const editor = useEditor();
  const flow = useReactFlow();
  useEffect(() => {
    const box = () => frame.current!.getBoundingClientRect();
    const centre = () => {
      const { left, top, width, height } = box();
      return flow.screenToFlowPosition({ x: left + width / 2, y: top + height / 2 });
    };
    const show = (ids: string[]) => {
      const nodes = ids.flatMap((id) => flow.getNode(id) ?? []);
      if (!nodes.length) return;
      const bounds = flow.getNodesBounds(nodes);
      const { left, top, width, height } = box();
      const a = flow.flowToScreenPosition({ x: bounds.x, y: bounds.y });
      const b = flow.flowToScreenPosition({ x: bounds.x + bounds.width, y: bounds.y + bounds.height });
      const inside =
        a.x > left + MARGIN && a.y > top + MARGIN && b.x < left + width - MARGIN && b.y < top + height - MARGIN;
      if (inside) return;
      const zoom = Math.max(0.5, flow.getZoom());
      if (nodes.length > 1) void flow.fitView({ ...FIT, nodes, padding: 0.3 });
      else void flow.setCenter(bounds.x + bounds.width / 2, bounds.y + bounds.height / 2, { zoom, duration: 220 });
    };
    // what was just added is drawn with the next frame
    const soon = (ids: string[]) => requestAnimationFrame(() => requestAnimationFrame(() => show(ids)));
    editor.view = {
      centre,
      reveal: (id) => void soon([id]),
      revealAll: (ids) => void soon(ids),
      fit: () => void requestAnimationFrame(() => void flow.fitView(FIT)),
      zoom: (by) => void (by > 0 ? flow.zoomIn({ duration: 120 }) : flow.zoomOut({ duration: 120 })),
    };
    return () => {
      editor.view = null;
    };
  }, [editor, flow, frame]);
}
