//! The languages, and which of them somebody gets.

use unic_langid::LanguageIdentifier;

/// A language that the pages speak. The default is what nobody has asked anything else of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Japanese,
}

impl Language {
    pub const ALL: [Self; 5] =
        [Self::English, Self::German, Self::French, Self::Spanish, Self::Japanese];

    /// Most entries of an `Accept-Language` that are looked at.
    pub(super) const MOST_WISHES: usize = 20;

    /// As BCP 47 has it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
        }
    }

    /// Its own name for itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
            Self::French => "Français",
            Self::Spanish => "Español",
            Self::Japanese => "日本語",
        }
    }

    /// What its people write between the units and the tenths.
    pub const fn decimal_sign(self) -> char {
        match self {
            Self::English | Self::Japanese => '.',
            Self::German | Self::French | Self::Spanish => ',',
        }
    }

    pub(super) const fn messages(self) -> &'static str {
        match self {
            Self::English => include_str!("en.ftl"),
            Self::German => include_str!("de.ftl"),
            Self::French => include_str!("fr.ftl"),
            Self::Spanish => include_str!("es.ftl"),
            Self::Japanese => include_str!("ja.ftl"),
        }
    }

    pub(super) fn identifier(self) -> LanguageIdentifier {
        self.code().parse().unwrap_or_default()
    }

    /// The language of a tag such as `de`, `de-AT` or `fr_CA.UTF-8`; region and script do not matter.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_', '.', '@']).next()?;
        Self::ALL.into_iter().find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The best of an `Accept-Language` header (RFC 9110): by weight, then by place.
    pub fn of_wishes(header: &str) -> Option<Self> {
        let wishes = header.split(',').take(Self::MOST_WISHES).filter_map(|wish| {
            let (tag, parameters) = wish.split_once(';').unwrap_or((wish, ""));
            let weight = parameters.trim().strip_prefix("q=").map_or(Some(1.0), |weight| {
                weight.trim().parse::<f32>().ok().filter(|weight| (0.0..=1.0).contains(weight))
            })?;
            (weight > 0.0).then_some((Self::of_tag(tag)?, weight))
        });
        // Of equal ones the first.
        let best = wishes.reduce(|best, wish| if wish.1 > best.1 { wish } else { best });
        best.map(|(language, _)| language)
    }

    /// A number as its people write it, in the form that everybody reads: `3,5` becomes `3.5`. What is
    /// not such a number stays as it is.
    pub fn read_number(self, text: &str) -> String {
        let text = text.trim();
        let sign = self.decimal_sign();
        if sign == '.' || text.matches(sign).count() != 1 || text.contains('.') {
            return text.to_owned();
        }
        text.replace(sign, ".")
    }

    /// The other way round.
    pub fn write_number(self, text: &str) -> String {
        let is_number = text.parse::<f64>().is_ok();
        if is_number {
            text.replace('.', &self.decimal_sign().to_string())
        } else {
            text.to_owned()
        }
    }
}
