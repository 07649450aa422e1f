//! Declares an enumeration together with the words that people type and records carry.

/// Declares an enumeration and, in the order of its variants, `ALL`, `WORDS` and a `const fn name`.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        pub enum $type {
            $($(#[$doc])* $variant),+
        }

        #[allow(dead_code, reason = "one rule makes what most of its enumerations need")]
        impl $type {
            /// Lists every value, in the order of the contract.
            pub const ALL: [$type; [$($word),+].len()] = [$($type::$variant),+];

            /// Lists the words of all values, in the same order.
            pub const WORDS: [&'static str; [$($word),+].len()] = [$($word),+];

            /// Returns the value's word.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $word),+
                }
            }
        }
    };
}

pub(crate) use words;
