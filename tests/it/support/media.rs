//! Small media files, made by ffmpeg.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A film of this many seconds.
pub fn film(folder: &Path, name: &str, seconds: u32) -> PathBuf {
    let picture = format!("testsrc=size=32x32:rate=10:duration={seconds}");
    let input = ["-f", "lavfi", "-i", &picture];
    make(folder, name, &input, &["-c:v", "mpeg4"])
}

/// A film with a title tag and two chapters, the second one named `End Credits`, at half its length.
pub fn tagged_film(folder: &Path, name: &str, seconds: u32) -> PathBuf {
    let marks = folder.join("marks.txt");
    let (half, end) = (seconds * 500, seconds * 1000);
    let text = format!(
        ";FFMETADATA1\ntitle=Heat\nDATE=1995\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND={half}\ntitle=Film\n\
         [CHAPTER]\nTIMEBASE=1/1000\nSTART={half}\nEND={end}\ntitle=End Credits\n"
    );
    std::fs::write(&marks, text).unwrap();
    let picture = format!("testsrc=size=32x32:rate=10:duration={seconds}");
    let marks = marks.to_str().unwrap();
    let input = ["-f", "lavfi", "-i", &picture, "-i", marks];
    make(
        folder,
        name,
        &input,
        &["-map_metadata", "1", "-c:v", "mpeg4"],
    )
}

/// Music with a cover.
pub fn song(folder: &Path, name: &str, seconds: u32) -> PathBuf {
    let cover = ["-f", "lavfi", "-i", "color=red:size=32x32"];
    let cover = make(folder, "cover.png", &cover, &["-frames:v", "1"]);
    let sound = format!("sine=frequency=220:duration={seconds}");
    let cover = cover.to_str().unwrap();
    let input = ["-f", "lavfi", "-i", &sound, "-i", cover];
    let both = ["-map", "0", "-map", "1", "-c:a", "flac", "-c:v", "copy"];
    let output = [&both[..], &["-disposition:v", "attached_pic"]].concat();
    make(folder, name, &input, &output)
}

/// Sound alone, in whatever container the name asks for.
pub fn sound(folder: &Path, name: &str, codec: &str) -> PathBuf {
    let sound = ["-f", "lavfi", "-i", "sine=frequency=220:duration=2"];
    make(folder, name, &sound, &["-c:a", codec])
}

fn make(folder: &Path, name: &str, input: &[&str], output: &[&str]) -> PathBuf {
    let file = folder.join(name);
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y"])
        .args(input)
        .args(output)
        .arg(&file)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
    file
}
