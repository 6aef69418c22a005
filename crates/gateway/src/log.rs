//! The log of the gateway, on its stderr.

use std::{fmt::Write as _, io};

use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

use crate::cli::LogFormat;

/// The target of the transport's events.
const TRANSPORT: &str = "mcp_sse_server";

/// Starts the log. `level` is a level or a list of directives.
pub(crate) fn start(format: LogFormat, level: &str) -> Result<(), String> {
    let filter = |text: &str| EnvFilter::builder().parse(text);
    filter(level).map_err(|error| {
        format!("--log-level {level:?} {error}: it must be off, error, warn, info, debug or trace, or directives")
    })?;
    // rmcp logs the ids of upstream sessions, which are secrets.
    let quiet = "rmcp=off,hyper=warn,hyper_util=warn,h2=warn,rustls=warn,reqwest=warn";
    let filter = filter(&format!("{quiet},{level}")).map_err(|error| error.to_string())?;
    // `http::refusals` logs the flag that allows what was refused, instead of the function.
    let names_no_function =
        filter_fn(|event| event.target() != TRANSPORT || event.fields().field("hint").is_none());
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines = match format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .boxed(),
    };
    registry()
        .with(lines.with_filter(filter.and(names_no_function)))
        .init();
    Ok(())
}

/// Returns text of another process with its control characters escaped, so that it cannot affect a terminal.
/// The text is cut after `most` bytes.
pub(crate) fn shown(text: &[u8], most: usize) -> String {
    let kept = &text[..text.len().min(most)];
    let mut shown = String::new();
    for char in String::from_utf8_lossy(kept).chars() {
        match char.is_control() && char != '\t' {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    if kept.len() < text.len() {
        let _ = write!(shown, " .. ({} bytes)", text.len());
    }
    shown
}
