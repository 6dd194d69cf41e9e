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

    /// Whether the history says where a job is: in which account and Region, or in which repository.
    #[must_use]
    pub const fn has_scopes(self) -> bool {
        match self {
            Self::Codebuild | Self::StepFunctions | Self::Batch | Self::Github => true,
            Self::Glue | Self::Csv => false,
        }
    }

    /// What its name names.
    #[must_use]
    pub const fn named(self) -> &'static str {
        match self {
            Self::Codebuild => "the name of a CodeBuild project",
            Self::Glue => "the name of a Glue job",
            Self::StepFunctions => "the name of a state machine",
            Self::Batch => "the name of a Batch job definition",
            Self::Github => "the name of a job of GitHub Actions, as the run shows it",
            Self::Csv => "the job in the CSV file",
        }
    }

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
