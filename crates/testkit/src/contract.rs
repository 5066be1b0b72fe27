//! The contract as one text, for its golden.

use crate::guests::{GuestError, because, contract};

/// The contract with plugins, as its tools print it.
///
/// # Errors
/// When `wit/` does not parse.
pub fn contract_text() -> Result<String, GuestError> {
    let (resolve, world) = contract()?;
    let package = resolve.worlds.get(world).and_then(|world| world.package).ok_or_else(|| because("no package"))?;
    let mut printer = wit_component::WitPrinter::default();
    printer.print(&resolve, package, &[]).map_err(because)?;
    Ok(printer.output.to_string())
}
