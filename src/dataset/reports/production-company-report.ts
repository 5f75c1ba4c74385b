import type { ReportDefinition } from '../../reporting/definition/definition.js';
import {
  companyColumns,
  yearColumns,
  yearlyCountColumns,
  yearlyMoneyColumns,
  yearlyShareColumns,
} from './report-columns.js';
import { check, fromReleases, reportSql } from './report-files.js';

export const productionCompanyReport: ReportDefinition = {
  name: 'production_company_report',
  description: 'Financials and popularity of production companies by release year.',
  grain: 'One row per company and release year, including years with unreleased films only.',
  key: ['production_company_id', 'year'],
  columns: [
    ...companyColumns,
    ...yearColumns,
    ...yearlyMoneyColumns,
    ...yearlyShareColumns,
    ...yearlyCountColumns,
  ],
  questions: [
    'What did the films of a company cost, take in and earn in a year, in full and by share?',
    'How popular were the films of a company in a year on average?',
    'Which companies earned the most in a year?',
  ],
  indexes: [['year', 'production_company_id']],
  searchedNames: ['production_company_name'],
  sqlFile: reportSql('production_company_report'),
  contributions: fromReleases(['production_company_id']),
  checks: [
    check('blocking', 'company_years_reconcile_with_company_movies'),
    check('warning', 'companies_have_a_name'),
  ],
};
