//! The Gregorian calendar, on and on in both directions.
//!
//! Years are counted from March, so that a leap day is the last of its year. 400 years, an era, always have
//! as many days.

/// Days of an era.
pub const ERA: i64 = 146_097;
/// From 1 March of the year 0 to the beginning of 1970.
const BEFORE_1970: i64 = 719_468;

/// The first day of a month, in days since 1970; months are counted from January of the year 0.
#[inline]
pub fn first_of(months: i64) -> i64 {
    let (year, month) = ((months - 2).div_euclid(12), (months - 2).rem_euclid(12));
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + (153 * month + 2) / 5
        - BEFORE_1970
}

/// The year, the month (January 0) and the date of a day, which is counted from 1970.
#[inline]
pub fn date_of(day: i64) -> (i64, i64, i64) {
    let since = day + BEFORE_1970;
    let (era, of_era) = (since.div_euclid(ERA), since.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
    (era * 400 + year + next, month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_and_days() {
        for day in (-800_000..800_000).step_by(13) {
            let (year, month, date) = date_of(day);
            assert_eq!(first_of(year * 12 + month) + date - 1, day);
            assert!((0..12).contains(&month) && (1..=31).contains(&date));
        }
        assert_eq!(date_of(0), (1970, 0, 1));
        assert_eq!(first_of(2000 * 12 + 2) - 1, 11_016); // 29 February 2000
        assert_eq!(first_of(4800), first_of(0) + ERA);
    }
}
