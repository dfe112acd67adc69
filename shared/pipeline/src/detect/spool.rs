//! Feature rows on disk: written once, read once, in order.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::net::{IpAddr, Ipv6Addr};

use weir_domain::window::WindowStart;

/// Which window of which host a feature row describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowKey {
    /// Number of the scope.
    pub(super) scope: u32,
    pub(super) window: WindowStart,
    pub(super) host: IpAddr,
}

impl RowKey {
    pub(super) fn bytes(&self) -> [u8; 28] {
        let mut bytes = [0; 28];
        bytes[..4].copy_from_slice(&self.scope.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.window.0.to_le_bytes());
        let host = match self.host {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        bytes[12..].copy_from_slice(&host.octets());
        bytes
    }

    fn from_bytes(bytes: &[u8; 28]) -> Self {
        let (mut scope, mut window, mut host) = ([0; 4], [0; 8], [0; 16]);
        scope.copy_from_slice(&bytes[..4]);
        window.copy_from_slice(&bytes[4..12]);
        host.copy_from_slice(&bytes[12..]);
        let host = Ipv6Addr::from(host);
        Self {
            scope: u32::from_le_bytes(scope),
            window: WindowStart(i64::from_le_bytes(window)),
            host: host.to_ipv4_mapped().map_or(IpAddr::V6(host), IpAddr::V4),
        }
    }
}

/// Rows being written.
pub(super) struct Spool {
    file: BufWriter<File>,
    width: usize,
    pub(super) rows: u64,
}

impl Spool {
    /// A spool in an unnamed temporary file, which is gone when closed.
    pub(super) fn new(width: usize) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(tempfile::tempfile()?), width, rows: 0 })
    }

    pub(super) fn push(&mut self, key: &RowKey, row: &[f64]) -> io::Result<()> {
        self.rows += 1;
        self.file.write_all(&key.bytes())?;
        row.iter().try_for_each(|v| self.file.write_all(&v.to_le_bytes()))
    }

    /// Everything written, block by block, in order.
    pub(super) fn read(self, mut block: impl FnMut(Vec<(RowKey, Vec<f64>)>) -> io::Result<()>) -> io::Result<()> {
        const BLOCK: u64 = 4096;
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let mut file = BufReader::new(file);
        let mut left = self.rows;
        while left > 0 {
            let n = left.min(BLOCK);
            left -= n;
            let mut rows = Vec::with_capacity(n as usize);
            for _ in 0..n {
                let mut key = [0; 28];
                file.read_exact(&mut key)?;
                let mut row = vec![0.0; self.width];
                for value in &mut row {
                    let mut bytes = [0; 8];
                    file.read_exact(&mut bytes)?;
                    *value = f64::from_le_bytes(bytes);
                }
                rows.push((RowKey::from_bytes(&key), row));
            }
            block(rows)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_in_order() {
        let mut spool = Spool::new(2).unwrap();
        let key = |i: i64| RowKey {
            scope: 7,
            window: WindowStart(i * 300),
            host: if i % 2 == 0 { "10.0.0.1".parse().unwrap() } else { "2001:db8::1".parse().unwrap() },
        };
        (0..10_000).for_each(|i| spool.push(&key(i), &[i as f64, -0.5]).unwrap());
        let mut back = Vec::new();
        let collect = |rows| {
            back.extend(rows);
            Ok(())
        };
        spool.read(collect).unwrap();
        assert_eq!(back.len(), 10_000);
        assert!(back.iter().enumerate().all(|(i, (k, row))| *k == key(i as i64) && row == &[i as f64, -0.5]));
    }
}
