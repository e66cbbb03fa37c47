//! Colours of a brand, and whether people can read by them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A colour of the screen, written `#rrggbb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

/// What the pages lie on, by scheme: the surface with the least contrast to a brand's colour. The
/// stylesheet says the same; a test holds both together.
pub const LIGHT_GROUND: Colour = Colour([0xf4, 0xf6, 0xf9]);
pub const DARK_GROUND: Colour = Colour([0x1a, 0x21, 0x2b]);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a colour like #1d5fc4")]
pub struct NoColour;

impl Colour {
    /// What WCAG 2.2 asks for text (1.4.3).
    pub const LEAST_CONTRAST: f64 = 4.5;

    pub const WHITE: Self = Self([255; 3]);
    pub const BLACK: Self = Self([0; 3]);

    pub fn parse(text: &str) -> Result<Self, NoColour> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6).ok_or(NoColour)?;
        let number = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits);
        let number = u32::from_str_radix(number.ok_or(NoColour)?, 16).map_err(|_| NoColour)?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }

    /// Of 1 to 21 (WCAG 2.2, contrast ratio).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126f64.mul_add(red, 0.7152f64.mul_add(green, 0.0722 * blue))
    }

    /// So many percent of the other one in it.
    #[must_use]
    pub fn mixed_with(self, other: Self, percent: u16) -> Self {
        let percent = percent.min(100);
        let mut mixed = self.0;
        for (part, other) in mixed.iter_mut().zip(other.0) {
            let sum = u16::from(*part) * (100 - percent) + u16::from(other) * percent;
            *part = u8::try_from((sum + 50) / 100).unwrap_or(u8::MAX);
        }
        Self(mixed)
    }

    /// As it is on a dark page: lighter, until it can be read there.
    #[must_use]
    pub fn for_dark(self) -> Self {
        let shades = (0..=100).step_by(5).map(|percent| self.mixed_with(Self::WHITE, percent));
        let legible = |shade: &Self| shade.contrast(DARK_GROUND) >= Self::LEAST_CONTRAST + 1.0;
        shades.into_iter().find(legible).unwrap_or(Self::WHITE)
    }

    /// What is written on it: whichever can be read better.
    #[must_use]
    pub fn ink(self) -> Self {
        let white = self.contrast(Self::WHITE) >= self.contrast(Self::BLACK);
        if white { Self::WHITE } else { Self::BLACK }
    }

    /// Six digits, as they stand in an address.
    pub fn digits(self) -> String {
        let [red, green, blue] = self.0;
        format!("{red:02x}{green:02x}{blue:02x}")
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

impl TryFrom<String> for Colour {
    type Error = NoColour;

    fn try_from(text: String) -> Result<Self, NoColour> {
        Self::parse(&text)
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        colour.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_is_as_wcag_counts_it() {
        assert!((Colour::WHITE.contrast(Colour::BLACK) - 21.0).abs() < 0.01);
        // Two greys that everybody quotes: just enough, and just not.
        let grey = |text| Colour::parse(text).unwrap().contrast(Colour::WHITE);
        assert!(grey("#767676") >= 4.5 && grey("#777777") < 4.5);
    }

    #[test]
    fn a_colour_is_six_digits_and_nothing_else() {
        assert_eq!(Colour::parse("#1D5fc4").unwrap().to_string(), "#1d5fc4");
        for junk in ["", "#", "1d5fc4", "#1d5fc", "#1d5fc44", "#1d5fcg", "#+d5fc4", "#ééé", "red"]
        {
            assert_eq!(Colour::parse(junk), Err(NoColour), "{junk}");
        }
    }

    #[test]
    fn every_colour_can_be_read_on_a_dark_page_once_it_is_lightened() {
        for number in (0..0x0100_0000_u32).step_by(99_991) {
            let [_, red, green, blue] = number.to_be_bytes();
            let dark = Colour([red, green, blue]).for_dark();
            assert!(dark.contrast(DARK_GROUND) >= Colour::LEAST_CONTRAST, "{dark}");
            assert!(dark.contrast(dark.ink()) >= Colour::LEAST_CONTRAST, "{dark}");
        }
    }
}
