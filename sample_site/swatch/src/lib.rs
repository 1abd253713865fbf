//! Colours: read them, mix them, show them in a terminal.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A colour of eight bits a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Color {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl Color {
    /// Makes a colour from its channels.
    pub const fn new(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b }
    }

    /// Mixes two colours: 0.0 gives `self`, 1.0 gives `other`.
    ///
    /// # Panics
    ///
    /// If `amount` is not between 0.0 and 1.0.
    #[track_caller]
    pub fn mix(self, other: Self, amount: f64) -> Self {
        assert!((0.0..=1.0).contains(&amount), "`amount` is {amount}, expected 0.0 to 1.0");
        let channel = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * amount).round() as u8;
        Self::new(channel(self.r, other.r), channel(self.g, other.g), channel(self.b, other.b))
    }

    /// Returns `text` in this colour, for a terminal of 24-bit colours.
    pub fn paint(self, text: &str) -> String {
        format!("\x1b[38;2;{};{};{}m{text}\x1b[0m", self.r, self.g, self.b)
    }

    /// Returns `text` on this colour, for a terminal of 24-bit colours.
    pub fn block(self, text: &str) -> String {
        format!("\x1b[48;2;{};{};{}m{text}\x1b[0m", self.r, self.g, self.b)
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

/// A text that is not a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseColorError(String);

impl fmt::Display for ParseColorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a colour, expected `#rrggbb`", self.0)
    }
}

impl Error for ParseColorError {}

impl FromStr for Color {
    type Err = ParseColorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || ParseColorError(text.to_owned());
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii()).ok_or_else(wrong)?;
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| wrong());
        Ok(Self::new(channel(0)?, channel(2)?, channel(4)?))
    }
}

/// A named list of colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Palette {
    pub name: String,
    pub colors: Vec<Color>,
}

impl Palette {
    /// Makes a palette of `steps` colours from one colour to another.
    pub fn between(name: &str, from: Color, to: Color, steps: usize) -> Self {
        let last = steps.saturating_sub(1).max(1) as f64;
        let colors = (0..steps).map(|i| from.mix(to, i as f64 / last)).collect();
        Self { name: name.to_owned(), colors }
    }

    /// Returns one line that shows all colours in a terminal.
    pub fn show(&self) -> String {
        self.colors.iter().map(|c| c.block("      ")).collect()
    }
}
