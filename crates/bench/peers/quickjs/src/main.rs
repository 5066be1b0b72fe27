//! A fresh QuickJS runtime and context for each decision: `peer-quickjs <action.js> <input.json> <count>`.

use rquickjs::{Context, Ctx, Function, Runtime};
use std::error::Error;
use std::time::Instant;

/// Bytes of memory that one decision may take.
const MEMORY: usize = 16 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: peer-quickjs <action.js> <input.json> <count>");
    let (action, input) = (std::fs::read_to_string(next()?)?, std::fs::read_to_string(next()?)?);
    let count: usize = next()?.parse()?;
    let mut took = Vec::new();
    for at in 0..count + count.div_ceil(10) {
        let began = Instant::now();
        let decided = decide(&action, &input)?;
        let micros = began.elapsed().as_secs_f64() * 1e6;
        let decided: serde_json::Value = serde_json::from_str(&decided)?;
        if decided["decision"] != "continue" {
            return Err(format!("decided {decided}").into());
        }
        if at >= count.div_ceil(10) {
            took.push(micros);
        }
    }
    println!("{}", serde_json::to_string(&took)?);
    Ok(())
}

fn decide(action: &str, input: &str) -> rquickjs::Result<String> {
    let runtime = Runtime::new()?;
    runtime.set_memory_limit(MEMORY);
    let until = Instant::now() + std::time::Duration::from_secs(2);
    runtime.set_interrupt_handler(Some(Box::new(move || Instant::now() > until)));
    Context::full(&runtime)?.with(|context: Ctx<'_>| {
        // Only a login that is redirected signs; this one continues.
        let sign = |claims: String| claims;
        context.globals().set("sign", Function::new(context.clone(), sign)?)?;
        context.globals().set("text", input)?;
        context.eval::<(), _>(action)?;
        context.eval("JSON.stringify(onLogin(JSON.parse(text)))")
    })
}
