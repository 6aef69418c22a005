//! The operations whose instructions `.ci/instructions` counts.
//!
//! `instructions count NAME..` runs some operations under callgrind. Only code inside [`measured`] counts,
//! and [`done`] ends the count of one operation. Without `count`, as in `cargo test`, the program runs each
//! operation once and prints its name.

mod operations;

use std::hint::black_box;

use mcp_sse_testkit::polled;

/// Runs operations many times. Their input is made outside of the count.
pub(crate) struct Meter {
    /// The operations to count. If empty, each operation runs once.
    count: Vec<String>,
    /// Whether each tenth call is made twice, to test that a regression is found.
    twice: bool,
}

impl Meter {
    pub(crate) fn wants(&self, name: &str) -> bool {
        !self.is_counting() || self.count.iter().any(|count| count == name)
    }

    pub(crate) fn is_counting(&self) -> bool {
        !self.count.is_empty()
    }

    /// Counts `times` calls of `operation`, each with an input from `prepare`. The first few calls do not
    /// count: they fill caches, here and in the allocator.
    pub(crate) fn count<I, O>(
        &self,
        name: &str,
        times: usize,
        mut prepare: impl FnMut() -> I,
        mut operation: impl FnMut(I) -> O,
    ) {
        if !self.wants(name) {
            return;
        }
        let (warm_up, times) = if self.is_counting() {
            (5, times)
        } else {
            (0, 1)
        };
        for call in 0..warm_up + times {
            let twice = self.twice && call % 10 == 0;
            let (mut input, mut second) = (Some(prepare()), twice.then(&mut prepare));
            let mut output = None;
            let mut run = || {
                output = input.take().map(&mut operation);
                drop(second.take().map(&mut operation));
            };
            match call < warm_up {
                true => run(),
                false => measured(&mut run),
            }
            drop(black_box(output));
        }
        done();
        println!("{times} {name}");
    }
}

/// Callgrind counts the code in this function.
#[inline(never)]
fn measured(operation: &mut dyn FnMut()) {
    black_box(operation)();
}

/// Callgrind dumps its counts and resets them.
#[inline(never)]
fn done() {
    black_box(());
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    // `cargo bench` passes arguments of its own, which do not start a count.
    let order = arguments.next();
    let counts = matches!(order.as_deref(), Some("count" | "count-twice"));
    let meter = Meter {
        count: arguments.filter(|_| counts).collect(),
        twice: order.as_deref() == Some("count-twice"),
    };
    let runtime = polled::runtime();
    let _entered = runtime.enter();
    operations::message(&meter);
    operations::answer(&meter);
    operations::post(&meter);
    operations::path(&meter);
    operations::sessions(&meter, 1);
    operations::sessions(&meter, 100_000);
    operations::broadcast(&meter);
}
