//! The contract with plugins, as a golden: a change of it is looked at as such.

#[test]
fn the_contract_is_what_it_was() {
    insta::assert_snapshot!(postlude_testkit::contract_text().unwrap());
}
