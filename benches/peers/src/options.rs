use std::{path::PathBuf, time::Duration};

use lexopt::{Parser, prelude::*};

use crate::{
    peer::{PEERS, Peer},
    work::{IDLE, WORKS, Work},
};

const HELP: &str = "\
Measures mcp-sse-server beside other servers of the same transport, and prints tables in Markdown.

cargo run --release --manifest-path benches/peers/Cargo.toml -- [OPTIONS]

    --quick             one short turn of the Rust servers, to check that they run and lose nothing
    --callgrind         count instructions instead of time, for the Rust servers; needs valgrind
    --peers NAME,..     measure only these servers
    --works NAME,..     measure only this work
    --repeats N         turns of each server; the result is the median [default: 3]
    --seconds S         duration of a turn [default: 2]
    --json FILE         file with the results; a run replaces the results that it measures again
                        [default: results.json in the target folder]
    --report            measure nothing, print the stored results
    --pages             write the chart and the tables of the READMEs and of the page migration from the stored results
    --no-build          use the servers that the last run built
";

#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) peers: Vec<&'static Peer>,
    pub(crate) works: Vec<&'static Work>,
    pub(crate) callgrind: bool,
    pub(crate) repeats: usize,
    pub(crate) time: Duration,
    pub(crate) json: Option<PathBuf>,
    pub(crate) report: bool,
    pub(crate) pages: bool,
    pub(crate) build: bool,
}

impl Options {
    /// Reads the command line. Prints the help and returns `None` if the user asks for it.
    pub(crate) fn read() -> Result<Option<Self>, lexopt::Error> {
        let (mut peers, mut works) = (None, None);
        let mut quick = false;
        let mut options = Self {
            peers: Vec::new(),
            works: Vec::new(),
            callgrind: false,
            repeats: 3,
            time: Duration::from_secs(2),
            json: None,
            report: false,
            pages: false,
            build: true,
        };
        let mut parser = Parser::from_env();
        while let Some(argument) = parser.next()? {
            match argument {
                Long("quick") => {
                    quick = true;
                    options.repeats = 1;
                    options.time = Duration::from_millis(300);
                }
                Long("callgrind") => options.callgrind = true,
                Long("peers") => peers = Some(parser.value()?.string()?),
                Long("works") => works = Some(parser.value()?.string()?),
                Long("repeats") => options.repeats = parser.value()?.parse()?,
                Long("seconds") => {
                    options.time = Duration::try_from_secs_f64(parser.value()?.parse()?)
                        .map_err(|error| error.to_string())?;
                }
                Long("json") => options.json = Some(parser.value()?.into()),
                Long("report") => options.report = true,
                Long("pages") => options.pages = true,
                Long("no-build") => options.build = false,
                Long("help") | Short('h') => {
                    print!("{HELP}");
                    return Ok(None);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        let rust_only = quick || options.callgrind;
        options.peers = pick(peers, PEERS, |peer| peer.name)?;
        options.peers.retain(|peer| !rust_only || peer.is_rust());
        options.works = pick(works, WORKS, |work| work.name)?;
        options.works.retain(|work| match work.name {
            IDLE => !rust_only,
            _ => !options.callgrind || work.counted > 0,
        });
        Ok(Some(options))
    }
}

fn pick<T>(
    names: Option<String>,
    all: &'static [T],
    name: impl Fn(&T) -> &str,
) -> Result<Vec<&'static T>, String> {
    let Some(names) = names else {
        return Ok(all.iter().collect());
    };
    names
        .split(',')
        .map(|wanted| {
            let found = all.iter().find(|one| name(one) == wanted);
            let known: Vec<_> = all.iter().map(&name).collect();
            found.ok_or_else(|| format!("{wanted} is not one of {}", known.join(", ")))
        })
        .collect()
}
