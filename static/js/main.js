// Everything works without script; these modules only make it quicker.
import "./keyboard.js";
import "./theme.js";
import "./forms.js";
import "./drafts.js";
import "./kept.js";
import "./uploads.js";
import "./phrases.js";
import "./signing.js";
