//! Measures this crate beside other servers of the same transport. See `README.md`.

mod callgrind;
mod install;
mod load;
mod options;
mod peer;
mod results;
mod server;
mod turns;
mod work;

use std::error::Error;

use crate::{install::Places, options::Options};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::read()? else {
        return Ok(());
    };
    let places = Places::find()?;
    if options.build {
        for peer in &options.peers {
            places.install(peer)?;
        }
    }
    let cells = turns::measure(&options, &places)?;
    for cell in &cells {
        println!("{cell:?}");
    }
    Ok(())
}
