// Icons of the shared sprite, and a state's icon alone.
import { Icon, type NodeStatus } from "../../graph";
import { StateWord } from "./StateWord";

export { Icon };

export const StateIcon = ({ status }: { status: NodeStatus }) => <StateWord status={status} bare />;
