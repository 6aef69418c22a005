//! The command line.

use std::{
    ffi::{OsStr, OsString},
    num::{NonZeroU16, NonZeroU32},
    path::PathBuf,
    str::FromStr,
};

use http::HeaderName;
use lexopt::{Arg, Parser, ValueExt};
use mcp_sse_server::{Session, SseServerTransport, TransportSecurity};

pub(crate) const HELP: &str = "\
Serves an MCP server that communicates over stdin and stdout to clients of HTTP+SSE. Each session has a
process of its own.

usage: mcp-sse-gateway [FLAGS] [--] COMMAND [ARGS...]

  --listen ADDR            address to listen on [127.0.0.1:8000]
  --sse-path PATH          path where clients open their streams [/sse]
  --messages-path PATH     path where clients post [/messages/]
  --allow-host HOST        also allow requests for this host, such as mcp.example.com; repeat it for more
                           hosts [localhost, 127.0.0.1 and [::1]]
  --allow-origin ORIGIN    also allow pages of this origin, such as https://app.example.com; repeat it for
                           more origins [http and https of the same three hosts]
  --env-from-header HEADER=VARIABLE
                           in the child of a session, set VARIABLE to the value of HEADER in the GET that
                           opened the session; VARIABLE is unset if the header is missing, repeated or not
                           in UTF-8, even if the gateway has it; repeat the flag for more variables. The
                           client chooses the value, so never name a variable that the system interprets,
                           such as PATH or LD_PRELOAD
  --max-children N         the most children at the same time; a further client gets 503 [64]
  --max-line BYTES         the longest line of a child's stdout; a longer line is skipped [4194304]
  -h, --help               print this text

Flags come before COMMAND. What follows COMMAND is passed to it.
";

/// What the command line asks the program to do.
pub(crate) enum Ask {
    Help,
    Serve(Options),
}

pub(crate) struct Options {
    pub(crate) listen: String,
    pub(crate) sse_path: String,
    pub(crate) messages_path: String,
    pub(crate) security: TransportSecurity,
    /// Whether `--allow-host` was given.
    pub(crate) names_host: bool,
    /// Headers of the `GET`, and the child's variables that get their values.
    pub(crate) env: Vec<(HeaderName, String)>,
    pub(crate) max_children: NonZeroU16,
    pub(crate) max_line: u32,
    pub(crate) command: PathBuf,
    pub(crate) arguments: Vec<OsString>,
}

pub(crate) fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Ask, lexopt::Error> {
    let mut options = Options {
        listen: "127.0.0.1:8000".to_owned(),
        sse_path: "/sse".to_owned(),
        messages_path: "/messages/".to_owned(),
        security: TransportSecurity::default(),
        names_host: false,
        env: Vec::new(),
        max_children: NonZeroU16::new(64).expect("not zero"),
        max_line: 4 * 1024 * 1024,
        command: PathBuf::new(),
        arguments: Vec::new(),
    };
    let mut parser = Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Arg::Short('h') | Arg::Long("help") => return Ok(Ask::Help),
            Arg::Long("listen") => options.listen = parser.value()?.string()?,
            Arg::Long("sse-path") => options.sse_path = path("--sse-path", &mut parser)?,
            Arg::Long("messages-path") => {
                options.messages_path = path("--messages-path", &mut parser)?;
            }
            Arg::Long("allow-host") => {
                let allowed = options.security.allow_host(parser.value()?.string()?);
                options.security = allowed.map_err(|error| format!("--allow-host {error}"))?;
                options.names_host = true;
            }
            Arg::Long("allow-origin") => {
                let allowed = options.security.allow_origin(parser.value()?.string()?);
                options.security = allowed.map_err(|error| format!("--allow-origin {error}"))?;
            }
            Arg::Long("env-from-header") => {
                let (header, variable) = env_from_header(&parser.value()?.string()?)?;
                if options.env.iter().any(|(_, other)| *other == variable) {
                    let twice = "is set from two headers, use each variable once";
                    return Err(format!("--env-from-header: {variable} {twice}").into());
                }
                options.env.push((header, variable));
            }
            Arg::Long("max-children") => {
                options.max_children = number("--max-children", "from 1 to 65535", &mut parser)?;
            }
            Arg::Long("max-line") => {
                let bytes: NonZeroU32 =
                    number("--max-line", "of bytes from 1 to 4294967295", &mut parser)?;
                options.max_line = bytes.get();
            }
            Arg::Value(command) => {
                options.command = find(&command)?;
                options.arguments = parser.raw_args()?.collect();
                differ(&options)?;
                return Ok(Ask::Serve(options));
            }
            Arg::Short(_) | Arg::Long(_) => return Err(argument.unexpected()),
        }
    }
    Err("COMMAND is missing".into())
}

/// Checks a path, so that the error names the flag.
fn path(flag: &str, parser: &mut Parser) -> Result<String, lexopt::Error> {
    let path = parser.value()?.string()?;
    match SseServerTransport::new(&path, |_: Session| async {}) {
        Ok(_) => Ok(path),
        Err(error) => Err(format!("{flag} {error}").into()),
    }
}

fn number<T: FromStr>(flag: &str, rule: &str, parser: &mut Parser) -> Result<T, lexopt::Error> {
    let text = parser.value()?.string()?;
    let number = text.parse();
    number.map_err(|_| format!("{flag} {text:?} must be a number {rule}").into())
}

/// Parses `HEADER=VARIABLE`.
fn env_from_header(text: &str) -> Result<(HeaderName, String), lexopt::Error> {
    let refuse = |rule: &str| {
        format!("--env-from-header {text:?} {rule}, such as \"Authorization=API_TOKEN\"").into()
    };
    let Some((header, variable)) = text.split_once('=') else {
        return Err(refuse("must be HEADER=VARIABLE"));
    };
    let header = header
        .parse()
        .map_err(|_| refuse("must have a header name before the ="))?;
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = variable.bytes();
    match bytes.next().is_some_and(first) && bytes.all(|byte| first(byte) || byte.is_ascii_digit())
    {
        true => Ok((header, variable.to_owned())),
        false => Err(refuse(
            "must have letters, digits and _ after the =, and no digit first",
        )),
    }
}

/// Finds the command, so that a wrong name is an error at the start and not in the first session.
fn find(command: &OsStr) -> Result<PathBuf, lexopt::Error> {
    which::which(command)
        .map_err(|error| format!("cannot find the command {command:?}: {error}").into())
}

fn differ(options: &Options) -> Result<(), lexopt::Error> {
    let [sse, messages] =
        [&options.sse_path, &options.messages_path].map(|path| path.trim_matches('/'));
    match sse == messages {
        true => Err("--sse-path and --messages-path must differ".into()),
        false => Ok(()),
    }
}
