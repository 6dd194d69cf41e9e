//! The kinds of run histories.

/// The kind of a run history: the service or the file that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HistoryKind {
    /// Builds of a CodeBuild project.
    Codebuild,
    /// Runs of a Glue job.
    Glue,
    /// Executions of a Step Functions state machine.
    StepFunctions,
    /// Job attempts of a Batch job definition.
    Batch,
    /// Jobs of GitHub Actions.
    Github,
    /// Rows of a CSV file.
    Csv,
}

impl HistoryKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 6] = [Self::Codebuild, Self::Glue, Self::StepFunctions, Self::Batch, Self::Github, Self::Csv];

    /// The word in the inventory and in every output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Codebuild => "codebuild",
            Self::Glue => "glue",
            Self::StepFunctions => "step-functions",
            Self::Batch => "batch",
            Self::Github => "github",
            Self::Csv => "csv",
        }
    }
}
