//! Measures this crate beside other servers of the same transport. See `README.md`.

mod bench;
mod callgrind;
mod chart;
mod handlers;
mod install;
mod load;
mod options;
mod peer;
mod report;
mod results;
mod sample;
mod server;
mod setting;
mod tables;
mod targets;
mod turns;
mod work;

use std::{error::Error, fs};

use crate::{install::Places, options::Options, results::Results};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::read()? else {
        return Ok(());
    };
    let places = Places::find()?;
    let json = options.json.clone();
    let json = json.unwrap_or_else(|| places.target().join("results.json"));
    let mut results = Results::load(&json)?;
    if !options.report {
        for peer in options.peers.iter().filter(|_| options.build) {
            places.install(peer)?;
        }
        results.setting = setting::setting(&places)?;
        turns::measure(&options, &places, |found| {
            results.put(found);
            results.save(&json)
        })?;
    }
    println!("{}", report::whole(&results));
    if options.pages {
        let root = places.source().join("../..");
        fs::write(places.source().join("results.svg"), chart::chart(&results))?;
        report::put(&places.source().join("README.md"), &report::whole(&results))?;
        report::put(&root.join("README.md"), &report::short(&results))?;
        let migration = root.join("crates/rmcp/src/migration.md");
        report::put(&migration, &handlers::ratios(&results))?;
    }
    if results.has_errors() {
        return Err("some answers were lost or wrong, see the table".into());
    }
    Ok(())
}
