import { timestamp } from '../registry/meta.ts';

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

interface Parts {
  readonly weekday: string;
  readonly year: string;
  readonly month: string;
  /** 1 to 31. */
  readonly day: number;
  readonly time: string;
}

/** Of milliseconds since the epoch, in UTC. */
function partsOf(ms: number): Parts {
  const [date = '', time = ''] = timestamp(ms).split('T');
  const [year = '', month = '', day = ''] = date.split('-');
  return {
    weekday: DAYS[Math.floor(ms / DAY_MS) % 7] ?? '',
    year,
    month: MONTHS[Number(month) - 1] ?? '',
    day: Number(day),
    time: time.slice(0, 8),
  };
}

/** As `date` shows it: Wed Oct 16 21:03:43 UTC 2024. */
export function unixDate(ms: number): string {
  const { weekday, year, month, day, time } = partsOf(ms);
  return `${weekday} ${month} ${String(day).padStart(2)} ${time} UTC ${year}`;
}

/** As headers have it (RFC 9110, section 5.6.7): Wed, 16 Oct 2024 21:03:43 GMT. */
export function httpDate(ms: number): string {
  const { weekday, year, month, day, time } = partsOf(ms);
  return `${weekday}, ${String(day).padStart(2, '0')} ${month} ${year} ${time} GMT`;
}
