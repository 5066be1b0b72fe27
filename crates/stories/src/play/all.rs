//! Plays many stories at the same time, each in a host of its own.

use super::player::Player;
use super::result::StoryResult;
use crate::story::StoryFile;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Plays the stories of files, `jobs` at a time, as far as `wanted` names them. The results are in the order of the stories.
pub async fn play_all(
    player: &Player,
    files: &[Arc<StoryFile>],
    jobs: usize,
    wanted: impl Fn(&str) -> bool,
) -> Vec<StoryResult> {
    let places = Arc::new(Semaphore::new(jobs.max(1)));
    let mut playing = JoinSet::new();
    for file in files {
        for at in 0..file.stories.len() {
            if !file.stories.get(at).is_some_and(|story| wanted(&story.name)) {
                continue;
            }
            let (player, file, places, number) = (player.clone(), Arc::clone(file), Arc::clone(&places), playing.len());
            playing.spawn(async move {
                let _place = places.acquire().await;
                let story = file.stories.get(at)?;
                Some((number, player.play(&file, story).await))
            });
        }
    }
    let mut results: Vec<_> = playing.join_all().await.into_iter().flatten().collect();
    results.sort_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
