//! The words of a column.

use std::collections::BTreeMap;

use weir_domain::activity::MissingPolicy;

/// What number stands for a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CategoryEncoding {
    /// Its rank by frequency in training, from 0, equally frequent ones in the order of the alphabet; unseen words come
    /// after all others. For trees.
    Ordinal,
    /// Its share of the training rows, from 0 to 1; 0 where unseen.
    Frequency,
    /// How surprising it is, in nats: `-ln((count + 1) / (rows + categories + 1))`, unseen words the most. For estimators of
    /// anomaly, to which rare is what matters. The default.
    #[default]
    Rarity,
}

/// Words that have a code of their own per column; what comes after counts as unseen.
pub const MAX_CATEGORIES: usize = 65_536;

/// Counts words while training rows go by.
#[derive(Debug, Default)]
pub(super) struct CategoryCounts {
    counts: BTreeMap<String, u64>,
    missing: u64,
}

impl CategoryCounts {
    pub(super) fn count(&mut self, word: &str) {
        if let Some(count) = self.counts.get_mut(word) {
            *count += 1;
        } else if self.counts.len() < MAX_CATEGORIES {
            self.counts.insert(word.to_owned(), 1);
        }
    }

    pub(super) fn count_missing(&mut self) {
        self.missing += 1;
    }

    pub(super) fn finish(self, rows: u64, policy: Option<MissingPolicy>) -> Categories {
        let fills = policy == Some(MissingPolicy::MostFrequent);
        let mut words: Vec<(String, u64)> = self.counts.into_iter().collect();
        words.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
        if fills && let Some((_, most)) = words.first_mut() {
            *most += self.missing;
        }
        let missing = if fills { Missing::Fill } else { Missing::Own(self.missing) };
        Categories::new(words, missing, rows)
    }
}

/// What a missing value counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Missing {
    /// A category of its own, with its count in training.
    Own(u64),
    /// The most frequent word.
    Fill,
}

/// The words of a column, as learned.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Categories {
    /// By word: its rank and count.
    words: BTreeMap<String, (u32, u64)>,
    missing: Missing,
    rows: u64,
}

impl Categories {
    fn new(words: Vec<(String, u64)>, missing: Missing, rows: u64) -> Self {
        let ranked = words.into_iter().enumerate().map(|(rank, (word, count))| (word, (rank as u32, count)));
        Self { words: ranked.collect(), missing, rows }
    }

    /// Whether ranks are ranks, and no count is of more rows than there were.
    pub(super) fn is_sound(&self) -> bool {
        let mut ranks: Vec<u32> = self.words.values().map(|(rank, _)| *rank).collect();
        ranks.sort_unstable();
        let own = if let Missing::Own(count) = self.missing { count } else { 0 };
        let counts = self.words.values().map(|(_, count)| *count).chain([own]);
        ranks.len() <= MAX_CATEGORIES
            && ranks.iter().enumerate().all(|(at, rank)| at == *rank as usize)
            && counts.fold(0_u64, u64::saturating_add) <= self.rows
    }

    pub(super) fn contains(&self, word: &str) -> bool {
        self.words.contains_key(word)
    }

    /// How likely a row is to have a word that no training row had: the share of the training rows whose word no other one
    /// had (Good 1953), the row itself counted among them.
    pub(super) fn chance_of_unseen(&self) -> f64 {
        let once = self.words.values().filter(|(_, count)| *count == 1).count();
        ((once + 1) as f64 / (self.rows as f64 + 1.0)).min(1.0)
    }

    /// The share of the training rows that had a word.
    pub(super) fn share(&self, word: &str) -> f64 {
        self.words.get(word).map_or(0.0, |(_, count)| *count as f64 / self.rows.max(1) as f64)
    }

    /// The number for a word, or for a missing value.
    pub(super) fn encode(&self, word: Option<&str>, encoding: CategoryEncoding) -> f64 {
        // Unseen words come after all that were seen, missing ones after those.
        let unseen = self.words.len() as u32;
        let (rank, count) = match (word, self.missing) {
            (Some(word), _) => self.words.get(word).copied().unwrap_or((unseen, 0)),
            (None, Missing::Own(count)) => (unseen + 1, count),
            (None, Missing::Fill) => {
                let most = self.words.values().find(|(rank, _)| *rank == 0);
                most.copied().unwrap_or((unseen, 0))
            }
        };
        match encoding {
            CategoryEncoding::Ordinal => f64::from(rank),
            CategoryEncoding::Frequency => count as f64 / self.rows.max(1) as f64,
            CategoryEncoding::Rarity => {
                let categories = self.words.len() as f64 + 1.0;
                -((count as f64 + 1.0) / (self.rows as f64 + categories)).ln()
            }
        }
    }
}
