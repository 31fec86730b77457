// What every page has: one module that starts the others. Each is small, finds its elements by data attributes
// and keeps working for fragments that arrive later.
import "./guard.js";
import "./theme.js";
import "./toasts.js";
import "./requests.js";
import "./dialogs.js";
import "./menus.js";
import "./confirm.js";
import "./keys.js";
import "./palette.js";
import "./ago.js";
import "./copy.js";
import "./reveal.js";
import "./filters.js";
import "./chosen.js";
import "./live.js";
