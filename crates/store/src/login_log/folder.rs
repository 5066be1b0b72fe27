//! Opening the folder of the segments: sealed ones by their indexes, the others frame by frame.

use super::index::{self, Index};
use super::recovery::{Found, Scanner};
use super::segment::{Active, HEAD_BYTES, Head, Paths, Sealed, Segments, read_head};
use crate::api::{Observer, OpenError};
use crate::content_files;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// The name of such records, for messages and metrics.
pub(crate) const KIND: &str = "login record";

/// What a folder holds.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    pub(crate) segments: Segments,
    /// The number of the next segment.
    pub(crate) next_number: u64,
    /// The host's clock when the last login was written.
    pub(crate) changed_at: u64,
    /// How many logins the segments hold.
    pub(crate) logins: u64,
}

/// Opens or makes the folder. What a crash left is mended: a torn end is cut off, an index that is missing or damaged is made
/// anew.
///
/// # Errors
/// When a newer version of this program wrote a segment, or the disk fails.
pub(crate) fn open(folder: &Path, observer: &dyn Observer) -> Result<Opened, OpenError> {
    let failed = |why| io_at(folder, why);
    content_files::private_folder(folder).map_err(failed)?;
    let mut opened = Opened::default();
    for number in numbers(folder).map_err(failed)? {
        opened.next_number = number.saturating_add(1);
        let paths = Paths::new(folder, number);
        let file = OpenOptions::new().read(true).write(true).open(&paths.log).map_err(|why| io_at(&paths.log, why))?;
        let found = match sealed(&paths, number, file).map_err(|why| newer_or(&paths.index, why))? {
            Ok(sealed) => Segment::Sealed(sealed),
            Err((file, was_sealed)) => {
                unsealed(folder, &paths, number, file, was_sealed, observer).map_err(|why| newer_or(&paths.log, why))?
            }
        };
        opened.add(found, folder).map_err(failed)?;
    }
    Ok(opened)
}

/// The numbers of the segments, ascending. What a crash left half done is deleted.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    let mut others = Vec::new();
    for file in fs::read_dir(folder)? {
        let name = file?.file_name();
        let name = name.to_str().unwrap_or_default();
        match Paths::number(name) {
            Some(number) => numbers.push(number),
            None => others.push(name.to_owned()),
        }
    }
    for name in others {
        let of_a_segment = name.strip_suffix(".index").and_then(|stem| Paths::number(&format!("{stem}.log")));
        if name.ends_with(".tmp") || of_a_segment.is_some_and(|number| !numbers.contains(&number)) {
            fs::remove_file(folder.join(name))?;
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

enum Segment {
    Sealed(Sealed),
    Active(Active),
}

impl Opened {
    fn add(&mut self, found: Segment, folder: &Path) -> io::Result<()> {
        let active = match found {
            Segment::Sealed(sealed) => {
                self.changed_at = self.changed_at.max(sealed.index.summary.changed_at);
                self.logins = self.logins.saturating_add(sealed.index.summary.logins);
                self.segments.sealed.push(Arc::new(sealed));
                return Ok(());
            }
            Segment::Active(active) => active,
        };
        let Some((class, _)) = active.began else {
            return delete(&Paths::new(folder, active.number));
        };
        self.changed_at = self.changed_at.max(active.summary.changed_at);
        self.logins = self.logins.saturating_add(active.summary.logins);
        // One of each class is written to: a crash between two leaves both.
        if let Some(earlier) = self.segments.active.insert(class, active) {
            self.segments.sealed.push(Arc::new(seal(folder, &earlier)?));
            self.segments.sealed.sort_by_key(|sealed| sealed.number);
        }
        Ok(())
    }
}

/// A segment by its index; its file again, and whether there was an index, where that cannot be used.
fn sealed(paths: &Paths, number: u64, file: File) -> io::Result<Result<Sealed, (File, bool)>> {
    match Index::open(&paths.index) {
        Ok(index) if file.metadata()?.len() >= index.summary.length => {
            Ok(Ok(Sealed::new(number, Arc::new(file), index)))
        }
        Ok(_) => {
            tracing::error!(segment = %paths.log.display(), "a segment of logins is shorter than it was");
            Ok(Err((file, true)))
        }
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(Err((file, false))),
        Err(why) if matches!(why.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof) => {
            tracing::error!(index = %paths.index.display(), cause = %why, "an index of logins is damaged and is made anew");
            Ok(Err((file, true)))
        }
        Err(why) => Err(why),
    }
}

/// A segment frame by frame.
fn unsealed(
    folder: &Path,
    paths: &Paths,
    number: u64,
    file: File,
    was_sealed: bool,
    observer: &dyn Observer,
) -> io::Result<Segment> {
    let head = read_head(&file)?;
    if head == Head::Newer {
        return Err(io::Error::from(ErrorKind::Unsupported));
    }
    let active = walk(paths, number, Arc::new(file), observer)?;
    if was_sealed || (head == Head::Damaged && active.began.is_some()) {
        return seal(folder, &active).map(Segment::Sealed);
    }
    active.file.set_len(active.summary.length)?;
    Ok(Segment::Active(active))
}

/// Reads a segment whole. Damage is reported.
fn walk(paths: &Paths, number: u64, file: Arc<File>, observer: &dyn Observer) -> io::Result<Active> {
    let mut active = Active::new(number, Arc::clone(&file));
    let mut scanner = Scanner::new(&file, HEAD_BYTES, file.metadata()?.len());
    let segment = paths.log.display();
    while let Some(found) = scanner.next()? {
        match found {
            Found::Login(entry) => active.push(&entry),
            Found::Damage(bytes) => {
                tracing::error!(%segment, ?bytes, "stored logins are damaged and are passed over");
                observer.unreadable(KIND);
            }
            Found::Torn(bytes) => {
                tracing::warn!(%segment, ?bytes, "the last logins were not written whole, as by a crash; they are cut off");
            }
        }
    }
    Ok(active)
}

/// Writes the index of a segment, and opens it.
pub(crate) fn seal(folder: &Path, active: &Active) -> io::Result<Sealed> {
    let paths = Paths::new(folder, active.number);
    active.file.sync_data()?;
    content_files::replace(&paths.index, &index::build(&active.entries, &active.summary))?;
    Ok(Sealed::new(active.number, Arc::clone(&active.file), Index::open(&paths.index)?))
}

/// Makes a segment's index anew.
pub(crate) fn seal_again(folder: &Path, sealed: &Sealed, observer: &dyn Observer) -> io::Result<Sealed> {
    let paths = Paths::new(folder, sealed.number);
    seal(folder, &walk(&paths, sealed.number, Arc::clone(&sealed.file), observer)?)
}

/// Deletes the files of a segment. An index that a crash leaves alone goes at the next start.
pub(crate) fn delete(paths: &Paths) -> io::Result<()> {
    for path in [&paths.log, &paths.index] {
        match fs::remove_file(path) {
            Err(why) if why.kind() != ErrorKind::NotFound => return Err(why),
            _ => {}
        }
    }
    Ok(())
}

fn newer_or(path: &Path, why: io::Error) -> OpenError {
    match why.kind() {
        ErrorKind::Unsupported => OpenError::Newer(path.to_owned()),
        _ => io_at(path, why),
    }
}

fn io_at(path: &Path, why: io::Error) -> OpenError {
    OpenError::Io { path: path.to_owned(), why }
}
