//! Declares enums whose values have names on the wire, in metrics or in the contract with plugins.

/// Declares an enum, one line per value: its variant and its name. The name stands in this one place; `ALL`, `as_str` and
/// `from_name` follow from it, and every `match` over the enum that has no arm for a new value does not compile.
macro_rules! named_values {
    (
        $(#[$of_enum:meta])*
        $visibility:vis enum $name:ident {
            $($(#[$of_value:meta])* $value:ident = $text:literal,)+
        }
    ) => {
        $(#[$of_enum])*
        $visibility enum $name {
            $($(#[$of_value])* $value,)+
        }

        impl $name {
            /// Every value, in the order of the declaration.
            pub const ALL: [Self; [$($text),+].len()] = [$(Self::$value),+];

            /// The value's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$value => $text,)+
                }
            }

            /// The value that has this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }
    };
}

pub(crate) use named_values;
